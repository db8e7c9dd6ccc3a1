package org.dcmigrate.protocol;

/**
 * A run of neighbouring pages in one block.
 *
 * @param block number of the block in the geometry
 * @param firstPage counted from the start of the block
 * @param pageCount at least 1 where {@link Geometry#check} has passed
 */
public record Extent(int block, long firstPage, long pageCount) {}
