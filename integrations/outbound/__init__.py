"""How requests leave the house: which targets, which addresses, how long."""
