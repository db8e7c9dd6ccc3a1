package org.dcmigrate.bench;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How fast the links of source, old and new destination are, as multiples of one bandwidth. */
enum LinkShape {
  /** Two senders at full speed get through to the new destination. */
  DOWNLINK_2X("downlink-2x", 1, 1, 2),
  /** One sender alone fills the new destination's downlink: nothing can be gained but peace. */
  DOWNLINK_1X("downlink-1x", 1, 1, 1),
  /** The old destination relays slowly: waiting for it would be worse than to cancel. */
  SLOW_OLD("slow-old", 1, 0.25, 2),
  /** The reason for the redirect: the source's link is busy. */
  CONGESTED_SOURCE("congested-source", 0.25, 1, 1.25);

  private final String label;
  private final double source;
  private final double old;
  private final double destination;

  LinkShape(String label, double source, double old, double destination) {
    this.label = label;
    this.source = source;
    this.old = old;
    this.destination = destination;
  }

  String label() {
    return label;
  }

  /** Multiples of the bandwidth that the run was given. */
  Links factors() {
    return new Links(source, old, destination);
  }

  /** Reads labels. */
  static final class Converter implements ITypeConverter<LinkShape> {
    @Override
    public LinkShape convert(String label) {
      return Arrays.stream(values())
          .filter(shape -> shape.label.equals(label))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "must be one of "
                          + Arrays.stream(values())
                              .map(LinkShape::label)
                              .collect(Collectors.joining(", "))));
    }
  }
}
