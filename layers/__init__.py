"""What is known about where: indicators, observations, hexbins, features, maps."""
