"""Messages as other services want them. A new one is a class with a `name`, in the registry."""
