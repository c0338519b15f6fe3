from hypothesis import settings

# A law is about values, not about how busy the machine is.
settings.register_profile("domain", deadline=None, max_examples=100)
settings.load_profile("domain")
