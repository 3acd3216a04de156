"""Names that people write for languages, licences, models and publishers, and what they mean."""
