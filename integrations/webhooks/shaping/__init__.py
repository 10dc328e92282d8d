"""How a message is shaped for its receiver: selections, templates, presets. Pure: no database."""
