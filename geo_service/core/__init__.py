"""The foundation every floor stands on: settings, database, errors, text, periods, CRS."""
