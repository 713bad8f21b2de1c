"""What is shared: STIX 2.1 objects as raw bytes, their validity, their versions and references, their markings and the handling label these make.

Pure: no file, no clock, no network; it knows neither a server nor an organisation. It never builds or re-serialises an object: bytes out are bytes in.
"""
