"""What happened. Knows principals and decisions; knows neither objects' content nor where records are kept.

* `events`       deeds: a closed list, and the bytes of their records
* `deliveries`   which rows left for whom, as small as they can be kept
* `chain`        seals, and what is wrong with a chain
* `checkpoint`   where chains ended, signed, to be kept elsewhere
"""
