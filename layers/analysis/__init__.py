"""Pure arithmetic: arrays in, arrays out; no database, clock, settings or network."""
