"""What every LAECIPS node shares: conversions, parameters, QoS, worker, diagnostics, program."""
