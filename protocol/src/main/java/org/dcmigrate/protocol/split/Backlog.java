package org.dcmigrate.protocol.split;

/**
 * What the source has to send besides the pages of others.
 *
 * @param lackingPages pages that only the source can send and that the destination never got
 * @param writtenPages pages that the guest has written since they were sent, as far as it tells
 */
public record Backlog(long lackingPages, long writtenPages) {}
