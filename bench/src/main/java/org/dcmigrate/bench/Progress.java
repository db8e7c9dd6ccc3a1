package org.dcmigrate.bench;

import com.google.errorprone.annotations.FormatMethod;
import java.io.PrintWriter;

/** Tells on standard error what is being done. */
record Progress(PrintWriter writer) {
  @FormatMethod
  void say(String format, Object... values) {
    writer.println("> " + Text.format(format, values));
    writer.flush();
  }
}
