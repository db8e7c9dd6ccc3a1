package org.dcmigrate.bench;

import java.util.Arrays;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What the guest does meanwhile. */
enum WriterKind {
  /** Nothing. */
  IDLE("idle"),
  /** It writes to all pages alike. */
  UNIFORM("uniform"),
  /** Nine of its writes of ten go to a tenth of the pages. */
  HOT_SET("hot-set");

  private final String label;

  WriterKind(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  /** A guest that writes so many bytes per second, page by page, unless it is idle. */
  SyntheticGuest guest(long memoryBytes, double bytesPerSecond, long seed) {
    long writes = this == IDLE ? 0 : Math.round(bytesPerSecond / SyntheticGuest.PAGE_BYTES);
    return new SyntheticGuest(memoryBytes, writes, this == HOT_SET, 0, seed);
  }

  /** Reads labels. */
  static final class Converter implements ITypeConverter<WriterKind> {
    @Override
    public WriterKind convert(String label) {
      return Arrays.stream(values())
          .filter(kind -> kind.label.equals(label))
          .findFirst()
          .orElseThrow(() -> new TypeConversionException("must be one of idle, uniform, hot-set"));
    }
  }
}
