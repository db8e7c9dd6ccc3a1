package org.dcmigrate.bench;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;

/** Numbers as people read them. */
final class Text {
  private static final double MIB = 1 << 20;
  private static final double MEGA = 1e6;
  private static final double GIGA = 1e9;

  private Text() {}

  /** Three digits or so. */
  static String number(double value) {
    return format(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  }

  static String seconds(double seconds) {
    return format("%.2f s", seconds);
  }

  static String millis(double seconds) {
    return format("%.1f ms", 1000 * seconds);
  }

  static String times(double ratio) {
    return format("%.2fx", ratio);
  }

  static String ratio(double ratio) {
    return format("%.3f", ratio);
  }

  static String percent(double part) {
    return format("%.1f %%", 100 * part);
  }

  static String mib(double bytes) {
    return format("%.0f MiB", bytes / MIB);
  }

  static String megabytesPerSecond(double bytesPerSecond) {
    return format("%.1f MB/s", bytesPerSecond / MEGA);
  }

  static String gigabytesPerSecond(double bytesPerSecond) {
    return format("%.2f GB/s", bytesPerSecond / GIGA);
  }

  static String megabits(double bytesPerSecond) {
    return format("%.0f Mbit/s", bytesPerSecond * Byte.SIZE / MEGA);
  }

  @FormatMethod
  static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
