package org.dcmigrate.ctl;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dcmigrate.protocol.Text;

/**
 * Sizes, rates and times, as people write and read them. Rates are read in bits and in bytes, and
 * written in bytes.
 */
final class Units {
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,15})(\\.\\d{1,6})?\\s*(B|[KMGT]i?B)?");
  // As people write them for networks, and for QEMU and rsync. "Mb" is read as either.
  private static final Pattern RATE =
      Pattern.compile(
          "(\\d{1,15})(\\.\\d{1,6})?\\s*(B|[KkMGT]B|[KMGT]iB|[KkMmGgTt]|[kKmMgGtT]?bit)(?:/s)?");
  private static final Pattern TIME = Pattern.compile("(\\d{1,9})\\s*(ms|s|m|h)");
  private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

  private Units() {}

  /** Reads e.g. 512MiB, 1.5GB. */
  static long parseBytes(String text) throws CtlException {
    return parse(SIZE, text)
        .orElseThrow(
            () -> CtlException.usage("a size must be like 512MiB, but was " + Text.quote(text)));
  }

  /**
   * Reads e.g. 100MiB/s, 500Mbit, 100M; none and 0 are no limit.
   *
   * @return bytes per second; 0: no limit
   */
  static long parseRate(String text) throws CtlException {
    if (Set.of("none", "0").contains(text.strip())) {
      return 0;
    }
    long rate =
        parse(RATE, text)
            .orElseThrow(
                () ->
                    CtlException.usage(
                        "a rate must have a unit, like 100MiB/s or 500Mbit/s, or be none, but was "
                            + Text.quote(text)));
    if (rate == 0) {
      throw CtlException.usage("a rate must be 1 byte per second or more, or none for no limit");
    }
    return rate;
  }

  private static Optional<Long> parse(Pattern form, String text) {
    Matcher matcher = form.matcher(text.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String fraction = Optional.ofNullable(matcher.group(2)).orElse("");
    double bytes =
        Double.parseDouble(matcher.group(1) + fraction)
            * unit(Optional.ofNullable(matcher.group(3)).orElse("B"));
    return bytes < 0x1p62 ? Optional.of(Math.round(bytes)) : Optional.empty();
  }

  private static double unit(String unit) {
    return switch (unit.toLowerCase(Locale.ROOT)) {
      case "k", "kib" -> 1L << 10;
      case "m", "mib" -> 1L << 20;
      case "g", "gib" -> 1L << 30;
      case "t", "tib" -> 1L << 40;
      case "kb" -> 1e3;
      case "mb" -> 1e6;
      case "gb" -> 1e9;
      case "tb" -> 1e12;
      case "bit" -> 1.0 / 8;
      case "kbit" -> 1e3 / 8;
      case "mbit" -> 1e6 / 8;
      case "gbit" -> 1e9 / 8;
      case "tbit" -> 1e12 / 8;
      default -> 1;
    };
  }

  /** Reads e.g. 500ms, 30s, 10m, 1h. */
  static Duration parseTime(String text) throws CtlException {
    Matcher matcher = TIME.matcher(text.strip());
    if (!matcher.matches()) {
      throw CtlException.usage(
          "a time must be like 500ms, 30s, 10m or 1h, but was " + Text.quote(text));
    }
    long count = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      default -> Duration.ofHours(count);
    };
  }

  static String bytes(long bytes) {
    double value = bytes < 0 ? 0 : bytes;
    int unit = 0;
    while (value >= 1024 && unit < BINARY.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, BINARY[unit]);
  }

  static String rate(long bytesPerSecond) {
    return bytes(bytesPerSecond) + "/s";
  }

  /** A time measured in nanoseconds, with three digits that count. */
  static String nanos(long ns) {
    if (ns < 1_000_000) {
      return String.format(Locale.ROOT, "%.3f ms", ns / 1e6);
    }
    if (ns < 1_000_000_000) {
      return String.format(Locale.ROOT, "%.1f ms", ns / 1e6);
    }
    return seconds(ns / 1_000_000);
  }

  /** A time in whole seconds or more. */
  static String seconds(long millis) {
    if (millis < 60_000) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1e3);
    }
    long seconds = millis / 1000;
    return seconds < 3600
        ? "%d m %02d s".formatted(seconds / 60, seconds % 60)
        : "%d h %02d m".formatted(seconds / 3600, seconds % 3600 / 60);
  }
}
