"""The documentation as a site: `python -m docs.site` builds it into build/docs/site, with Zensical."""
