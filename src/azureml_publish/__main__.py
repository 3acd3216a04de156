"""`python -m azureml_publish` is `publish`."""

from azureml_publish.cli import main

main()
