"""The names of languages, licences, data sets, models and publishers, in all the forms that people write."""
