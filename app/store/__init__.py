"""Where it is kept: the contract, and the stores that fulfil it. A store compares, it never decides."""
