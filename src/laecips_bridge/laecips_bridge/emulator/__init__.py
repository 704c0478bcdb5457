"""A thin, flaky link on one machine, for tests and measurements."""
