"""Shows that the judge finds nothing in a perfect fortnight, and finds each of many ways to spoil one."""
