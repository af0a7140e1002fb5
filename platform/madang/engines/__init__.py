"""What carries leases out: the ports, and a folder for each engine (hostile, local)."""
