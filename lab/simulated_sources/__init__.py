"""Servers that deliver the synthetic extracts as the real sources would, each as its contract says.

connections    which servers and Airflow connections a set of registries needs
rest           paged JSON, with the failures of real services
gateway        SOAP messages of the government gateway, signed
sftp           files
dispatch       a PostgreSQL database
"""
