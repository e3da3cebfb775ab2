"""How weights lie in parameters: layouts, orders of gates and units, and whether a layout is exact."""
