"""JSON and vector tiles over HTTP; one router per subject."""
