"""The documentation; `docs.site` makes a site of it. As a package it goes before another one that is called docs."""
