"""What happened. Knows principals and decisions; knows neither objects' content nor where records are kept."""
