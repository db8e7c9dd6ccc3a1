package org.dcmigrate.ctl;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes and times as operators write and read them. */
final class Units {
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})(|B|KiB|MiB|GiB|TiB)");
  private static final Pattern TIME = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB"};
  private static final long NS_PER_MS = 1_000_000;

  private Units() {}

  /** Reads 512MiB, 4GiB or a number of bytes. */
  static long parseSize(String option, String text) throws CtlException {
    Matcher match = SIZE.matcher(text);
    if (match.matches()) {
      long number = Long.parseLong(match.group(1));
      int shift =
          switch (match.group(2)) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            case "TiB" -> 40;
            default -> 0;
          };
      if (number <= Long.MAX_VALUE >> shift) {
        return number << shift;
      }
    }
    throw CtlException.usage(
        "%s must be a size such as 512MiB or 4GiB, but was \"%s\"".formatted(option, text));
  }

  /** Reads 100MiB or 100MiB/s. */
  static long parseRate(String option, String text) throws CtlException {
    return parseSize(option, text.endsWith("/s") ? text.substring(0, text.length() - 2) : text);
  }

  /** Reads 500ms, 30s, 5m or 2h. */
  static Duration parseTime(String option, String text) throws CtlException {
    Matcher match = TIME.matcher(text);
    if (match.matches()) {
      long number = Long.parseLong(match.group(1));
      return switch (match.group(2)) {
        case "ms" -> Duration.ofMillis(number);
        case "s" -> Duration.ofSeconds(number);
        case "m" -> Duration.ofMinutes(number);
        default -> Duration.ofHours(number);
      };
    }
    throw CtlException.usage(
        "%s must be a time such as 500ms, 30s or 5m, but was \"%s\"".formatted(option, text));
  }

  /** Shows bytes with three digits or so: 1.5 GiB. */
  static String size(long bytes) {
    double shown = bytes;
    int unit = 0;
    while (shown >= 1024 && unit < BINARY.length - 1) {
      shown /= 1024;
      unit++;
    }
    String pattern = unit == 0 || shown >= 100 ? "%.0f %s" : "%.1f %s";
    return String.format(Locale.ROOT, pattern, shown, BINARY[unit]);
  }

  /** Shows a rate in decimal megabytes, as network equipment does: 117.3 MB/s. */
  static String rate(long bytesPerSecond) {
    return String.format(Locale.ROOT, "%.1f MB/s", bytesPerSecond / 1e6);
  }

  /** Shows a time: 12.3 ms, 4.56 s, 3 min 20 s. */
  static String time(long nanos) {
    if (nanos < 1_000 * NS_PER_MS) {
      return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
    }
    double seconds = nanos / 1e9;
    if (seconds < 120) {
      return String.format(Locale.ROOT, "%.2f s", seconds);
    }
    return String.format(Locale.ROOT, "%d min %d s", (long) seconds / 60, (long) seconds % 60);
  }
}
