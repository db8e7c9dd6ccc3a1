package org.dcmigrate.bench;

/**
 * Bandwidths around a redirect, in bytes per second.
 *
 * @param source uplink of the source
 * @param old uplink of the old destination
 * @param destination downlink of the new destination
 */
record Links(double source, double old, double destination) {
  Links {
    if (source <= 0 || old <= 0 || destination <= 0) {
      throw new IllegalArgumentException(
          "bandwidths must be > 0, but were %s, %s and %s".formatted(source, old, destination));
    }
  }
}
