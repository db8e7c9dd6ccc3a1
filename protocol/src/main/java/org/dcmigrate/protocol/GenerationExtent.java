package org.dcmigrate.protocol;

/** A run of neighbouring pages held at one generation (unsigned, at least 1). */
public record GenerationExtent(Extent extent, int generation) {}
