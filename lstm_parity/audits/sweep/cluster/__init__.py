"""More than one machine: workers on the nodes of a cluster, and what was judged on which machine."""
