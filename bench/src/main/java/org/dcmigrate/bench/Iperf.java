package org.dcmigrate.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What the machine's own tool measures between two processes on loopback. */
record Iperf(Path program) {
  static final String REMEDY = "apt-get install iperf3";

  private static final int PORT = 45_201;
  private static final double PERCENT = 100;
  private static final long PATIENCE_SECONDS = 120;

  /** Sends so many bytes once. */
  Moved send(Workspace workspace, long bytes) throws BenchException {
    String port = Integer.toString(PORT);
    Process server =
        workspace.start(
            "iperf3",
            List.of(program.toString(), "-s", "-1", "--forceflush", "-B", "127.0.0.1", "-p", port));
    try {
      Await.until(
          "iperf3 listens",
          Duration.ofSeconds(10),
          () -> workspace.printed("iperf3").contains("listening"));
      return parse(
          Shell.run(
              List.of(
                  program.toString(),
                  "-c",
                  "127.0.0.1",
                  "-p",
                  port,
                  "-n",
                  Long.toString(bytes),
                  "-J"),
              PATIENCE_SECONDS));
    } finally {
      Workspace.end(server);
    }
  }

  /** Reads iperf3's document. */
  static Moved parse(String json) throws BenchException {
    try {
      JsonObject end = JsonParser.parseString(json).getAsJsonObject().getAsJsonObject("end");
      JsonObject received = end.getAsJsonObject("sum_received");
      JsonObject cpu = end.getAsJsonObject("cpu_utilization_percent");
      double seconds = received.get("seconds").getAsDouble();
      double percent = cpu.get("host_total").getAsDouble() + cpu.get("remote_total").getAsDouble();
      return new Moved(received.get("bytes").getAsLong(), seconds, percent / PERCENT * seconds);
    } catch (JsonParseException | IllegalStateException | NullPointerException other) {
      throw new BenchException("iperf3 printed something else than expected: " + other, other);
    }
  }
}
