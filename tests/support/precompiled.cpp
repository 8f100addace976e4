// Nothing: a precompiled header that several programs share must belong to a target with a source.
