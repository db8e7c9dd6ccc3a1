package org.dcmigrate.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.PeerId;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Node peer passes every case that the reference peer passes. */
class NodeSuiteTest {
  @BeforeAll
  static void requireNode() {
    NodePeer.require();
  }

  @Test
  void passesEverything(@TempDir Path directory) throws Exception {
    String endpoint = "127.0.0.1:" + ReferencePeer.freePort();
    String tester = "127.0.0.1:" + ReferencePeer.freePort();
    String second = "127.0.0.1:" + ReferencePeer.freePort();
    Path config = directory.resolve("node.json");
    Files.writeString(config, new Gson().toJson(config(endpoint, tester, second)));
    NodePeer peer = NodePeer.start(config);
    try {
      List<CaseResult> results =
          Tester.run(
              ReferencePeer.pair(endpoint, tester, second),
              Duration.ofSeconds(10),
              Tester.asSource());

      assertThat(results).hasSameSizeAs(Tester.asSource());
      assertThat(
              results.stream()
                  .filter(result -> !Tester.passed(result) && !needsOperators(result))
                  .map(Report::text)
                  .collect(Collectors.joining("\n")))
          .isEmpty();
    } finally {
      peer.close();
    }
  }

  @Test
  void passesItsOwnTests() throws Exception {
    Process tests =
        new ProcessBuilder("npm", "test")
            .directory(Path.of("node-peer").toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(tests.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(tests.waitFor()).as(output).isZero();
  }

  /** The Node peer serves no operators but for guests. */
  private static boolean needsOperators(CaseResult result) {
    return result.verdict() == Verdict.NOT_APPLICABLE
        && result.explanation().contains("MigrationService");
  }

  private static Map<String, Object> config(String endpoint, String tester, String second) {
    Map<String, Object> config = new LinkedHashMap<>();
    config.put("name", "node");
    config.put("identity", "spiffe://test/peer/node");
    config.put("listen", endpoint);
    config.put("stateDirectory", "state");
    config.put("plaintextOnLoopback", true);
    config.put("operators", List.of(ReferencePeer.TESTER.uri()));
    config.put(
        "peers",
        List.of(
            peer("tester", tester, ReferencePeer.TESTER),
            peer("tester-2", second, ReferencePeer.SECOND)));
    return config;
  }

  private static Map<String, Object> peer(String name, String endpoint, PeerId identity) {
    return Map.of("name", name, "endpoint", endpoint, "identity", identity.uri());
  }
}
