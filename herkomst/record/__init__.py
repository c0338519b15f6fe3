"""What is stored. Whoever loads a part of it knows every event that may be there, to the last one,
and not only those that he asks for."""

import herkomst.domain.topics  # noqa: F401 - loading it is what makes them known
