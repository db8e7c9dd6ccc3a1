package org.dcmigrate.ctl;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import java.io.PrintWriter;
import java.util.List;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** Prints results in the format asked for. JSON and YAML are the messages of the protocol. */
final class Output {
  private final PrintWriter out;
  private final Format format;

  Output(PrintWriter out, Format format) {
    this.out = out;
    this.format = format;
  }

  Format format() {
    return format;
  }

  boolean isWide() {
    return format == Format.WIDE;
  }

  /** Whether the result is for programs. */
  boolean isStructured() {
    return format == Format.JSON || format == Format.YAML;
  }

  /** Prints a result. */
  void print(MessageOrBuilder message, Table table, List<String> names) {
    switch (format) {
      case TABLE, WIDE -> out.print(table);
      case NAME -> names.forEach(out::println);
      case JSON -> out.println(json(message, false));
      case YAML -> out.print(yaml(message));
    }
    out.flush();
  }

  /** Prints one of many results, each on a line or as a document of its own. */
  void printStep(MessageOrBuilder message) {
    if (format == Format.JSON) {
      out.println(json(message, true));
    } else {
      out.print("---\n" + yaml(message));
    }
    out.flush();
  }

  void line(String text) {
    out.println(text);
    out.flush();
  }

  private static String json(MessageOrBuilder message, boolean compact) {
    JsonFormat.Printer printer = JsonFormat.printer().alwaysPrintFieldsWithNoPresence();
    try {
      return (compact ? printer.omittingInsignificantWhitespace() : printer).print(message);
    } catch (InvalidProtocolBufferException impossible) {
      throw new IllegalStateException("a message without Any cannot fail to print", impossible);
    }
  }

  private static String yaml(MessageOrBuilder message) {
    // JSON is YAML: what was printed is read back, and written in the other style.
    Object tree = new Load(LoadSettings.builder().build()).loadFromString(json(message, false));
    return new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build())
        .dumpToString(tree);
  }
}
