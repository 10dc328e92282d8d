"""Time as series and spans have it: wall clocks, pieces of UTC, what is kept how long."""
