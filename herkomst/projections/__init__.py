"""Read models: rebuildable functions of events, one file each, without side effects."""
