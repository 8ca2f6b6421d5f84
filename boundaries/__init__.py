"""Where: areas, organisations, their names, codes and shapes."""
