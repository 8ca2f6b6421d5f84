"""How it looks: Folium map pages, the explorer, embeds."""
