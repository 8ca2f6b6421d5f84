"""Maps and dashboards in other people's pages, by tokens that open one thing and no other."""
