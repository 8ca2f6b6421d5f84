"""Geospatial decision support for Thailand's local administrative organisations."""

__version__ = "0.1.0"
