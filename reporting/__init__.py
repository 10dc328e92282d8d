"""Reports people can read: what goes in, how it looks, when it is made, where it is filed."""
