package org.dcmigrate.protocol;

import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Everything a destination must know of a guest before pages make sense: what the source saves at
 * the start and re-sends in one batch to each new destination.
 *
 * @param kind the guest adapter, e.g. "qemu"
 * @param geometry the guest's memory
 * @param properties what must be equal at both ends
 * @param preamble state that precedes pages in the guest's own format; opaque, at most 1 MiB
 */
public record GuestMetadata(
    String kind, Geometry geometry, SortedMap<String, String> properties, byte[] preamble) {
  public GuestMetadata {
    properties = new TreeMap<>(properties);
    preamble = preamble.clone();
  }

  @Override
  public byte[] preamble() {
    return preamble.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GuestMetadata that
        && kind.equals(that.kind)
        && geometry.equals(that.geometry)
        && properties.equals(that.properties)
        && Arrays.equals(preamble, that.preamble);
  }

  @Override
  public int hashCode() {
    return kind.hashCode() + 31 * geometry.hashCode() + 961 * properties.hashCode();
  }
}
