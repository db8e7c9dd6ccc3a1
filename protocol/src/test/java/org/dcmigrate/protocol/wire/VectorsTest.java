package org.dcmigrate.protocol.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.v1.AbortRequest;
import org.dcmigrate.v1.AbortResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.Choice;
import org.dcmigrate.v1.GetSegmentDigestsRequest;
import org.dcmigrate.v1.GetSegmentDigestsResponse;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.PageCompression;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.Vote;
import org.junit.jupiter.api.Test;

/**
 * The files of {@code spec/vectors} are what the codecs write. Run with {@code
 * -Ddcm.vectors.update=true} to write them anew; on the wire nothing may change without a reason.
 */
class VectorsTest {
  private static final Path DIRECTORY =
      Path.of(System.getProperty("basedir", "."), "..", "spec", "vectors");
  private static final String NOTATION =
      "# Bytes in hexadecimal; xx*n stands for n times the byte xx. Messages in protobuf's text"
          + " form.";
  private static final int SHORTEST_RUN = 8;
  private static final int BYTES_IN_A_LINE = 40;

  private static final AttemptRef ATTEMPT =
      AttemptRef.newBuilder()
          .setMigrationId("0b9f4c1e-6f0a-4d5e-8a51-3d2c7e90aa01")
          .setEpoch(2)
          .build();

  private static void compare(String name, List<String> lines) throws IOException {
    Path file = DIRECTORY.resolve(name);
    if (Boolean.getBoolean("dcm.vectors.update")) {
      Files.createDirectories(DIRECTORY);
      Files.write(file, lines);
    }
    assertThat(lines).as(file.toString()).isEqualTo(Files.readAllLines(file));
  }

  @Test
  void redirect() throws Exception {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "# A redirect of a guest of four pages from destination O to N; see"
                    + " WorkedRedirect.",
                NOTATION));
    for (WorkedRedirect.Step step : WorkedRedirect.steps()) {
      lines.add("");
      lines.add(
          "%s -> %s %s %s".formatted(step.from(), step.to(), step.call(), name(step.message())));
      lines.addAll(describe(step.message()));
    }
    compare("redirect.txt", lines);
  }

  /** Two pages of bytes 11 as a frame of one run. */
  private static TransferRequest compressed() {
    byte[] pages = new byte[2 * 4096];
    Arrays.fill(pages, (byte) 0x11);
    TransferMessage.Chunk chunk = TransferMessage.Chunk.of(0, 1, 7, MemorySegment.ofArray(pages));
    return TransferRequest.newBuilder()
        .setChunk(
            PageChunk.newBuilder()
                .setFirstPage(1)
                .setPageCount(2)
                .setGeneration(7)
                .setPayloadCrc32C(chunk.payloadCrc32c())
                .setPayload(ByteString.fromHex("28b52ffd60001f03000111"))
                .setCompression(PageCompression.PAGE_COMPRESSION_ZSTD))
        .build();
  }

  @Test
  void theCodecReadsACompressedChunk() throws Exception {
    TransferMessage read =
        TransferCodec.method().parseRequest(new ByteArrayInputStream(compressed().toByteArray()));
    assertThat(((TransferMessage.Chunk) read).compression()).isEqualTo(Compression.ZSTD);
    assertThat(TransferRequest.parseFrom(TransferCodec.method().streamRequest(read).readAllBytes()))
        .isEqualTo(compressed());
  }

  /** Those that the redirect has not. */
  private static List<Message> others() {
    return List.of(
        ResendMetadataRequest.newBuilder()
            .setRecord(MetadataRecord.newBuilder().setPreamble(ByteString.copyFromUtf8("preamble")))
            .build(),
        GetSegmentDigestsRequest.newBuilder().setAttempt(ATTEMPT).build(),
        GetSegmentDigestsResponse.newBuilder()
            .setBlock(1)
            .setFirstSegment(512)
            .addDigests(WorkedRedirect.memoryDigest())
            .addDigests(0)
            .build(),
        SwitchoverResponse.newBuilder()
            .setIncomplete(
                SwitchoverResponse.Incomplete.newBuilder().setMemoryDigest(-1).setMissingPages(300))
            .build(),
        compressed(),
        AbortRequest.newBuilder().setAttempt(ATTEMPT).build(),
        AbortResponse.getDefaultInstance(),
        PromiseRequest.newBuilder().setAttempt(ATTEMPT).setBallot(3).build(),
        PromiseResponse.newBuilder().setPromisedBallot(3).build(),
        PromiseResponse.newBuilder()
            .setPromisedBallot(3)
            .setAccepted(Vote.newBuilder().setChoice(Choice.CHOICE_DESTINATION))
            .build(),
        PromiseResponse.newBuilder()
            .setPromisedBallot(3)
            .setAccepted(Vote.newBuilder().setBallot(1_000_000_000).setChoice(Choice.CHOICE_SOURCE))
            .build());
  }

  @Test
  void messages() throws Exception {
    List<Message> all = new ArrayList<>(others());
    WorkedRedirect.steps().forEach(step -> all.add(step.message()));
    List<String> lines = new ArrayList<>(List.of("# Messages between peers.", NOTATION));
    Set<String> seen = new TreeSet<>();
    all.stream()
        .sorted((one, other) -> name(one).compareTo(name(other)))
        .forEach(
            message -> {
              List<String> described = describe(message);
              if (seen.add(name(message) + described)) {
                lines.add("");
                lines.add(name(message));
                lines.addAll(described);
              }
            });
    compare("messages.txt", lines);
    for (Message message : all) {
      assertThat(message.getParserForType().parseFrom(message.toByteString())).isEqualTo(message);
    }
  }

  /** The codec of the data path reads and writes the same bytes. */
  @Test
  void chunksAreTheCodecsToo() throws Exception {
    for (WorkedRedirect.Step step : WorkedRedirect.steps()) {
      if (step.message() instanceof TransferRequest request) {
        TransferMessage read =
            TransferCodec.method().parseRequest(new ByteArrayInputStream(request.toByteArray()));
        assertThat(read).isNotInstanceOf(TransferMessage.Malformed.class);
        assertThat(TransferCodec.method().streamRequest(read).readAllBytes())
            .isEqualTo(request.toByteArray());
      }
    }
  }

  @Test
  void errors() throws IOException {
    List<String> lines =
        new ArrayList<>(
            List.of("# Reasons: gRPC code, and grpc-status-details-bin for the sentence \"why\"."));
    for (Reason reason : Reason.values()) {
      StatusRuntimeException status = Errors.toStatus(new DcmException(reason, "why"));
      byte[] details =
          Objects.requireNonNull(
              Objects.requireNonNull(status.getTrailers())
                  .get(
                      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER)));
      lines.add("");
      lines.add("%s %s %d".formatted(reason, reason.code(), reason.code().value()));
      lines.addAll(hex(details));
      assertThat(Errors.fromStatus(status).reason()).isEqualTo(reason);
    }
    compare("errors.txt", lines);
  }

  @Test
  void digests() throws IOException {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "# digest(page), mixed(index, digest(page)) for index 0, 1, 511, 512;"
                    + " all pages have one byte throughout, or byte k = k mod 256 (count)."));
    for (PageDigest.Algorithm algorithm : PageDigest.Algorithm.values()) {
      PageDigest digest = PageDigest.newInstance(algorithm);
      for (String kind : List.of("00", "11", "22", "33", "44", "ff", "count")) {
        long of = digest.of(page(kind));
        StringBuilder line = new StringBuilder("%s %-5s %016x".formatted(algorithm, kind, of));
        for (long index : new long[] {0, 1, 511, 512}) {
          line.append(String.format(Locale.ROOT, " %016x", PageDigest.mixed(index, of)));
        }
        lines.add(line.toString());
      }
    }
    lines.add("# The memory of redirect.txt at the stop: pages 00, 44, 22, 33.");
    lines.add("CRC64 memory %016x".formatted(WorkedRedirect.memoryDigest()));
    compare("digests.txt", lines);
  }

  private static byte[] page(String kind) {
    byte[] page = new byte[4096];
    for (int k = 0; k < page.length; k++) {
      page[k] = (byte) (kind.equals("count") ? k : Integer.parseInt(kind, 16));
    }
    return page;
  }

  private static String name(Message message) {
    return message.getDescriptorForType().getName();
  }

  private static List<String> describe(Message message) {
    List<String> lines = new ArrayList<>();
    TextFormat.printer()
        .printToString(message)
        .lines()
        .map(line -> line.startsWith("  payload: ") ? "  payload: (see the bytes)" : line)
        .forEach(line -> lines.add("  " + line));
    lines.addAll(hex(message.toByteArray()));
    return lines;
  }

  /** Lines of hexadecimal, with long runs of one byte cut short. */
  private static List<String> hex(byte[] bytes) {
    List<String> tokens = new ArrayList<>();
    for (int at = 0; at < bytes.length; ) {
      int end = at;
      while (end < bytes.length && bytes[end] == bytes[at]) {
        end++;
      }
      int run = end - at;
      String token = "%02x".formatted(bytes[at]);
      if (run >= SHORTEST_RUN) {
        tokens.add(token + "*" + run);
        at = end;
      } else {
        tokens.add(token);
        at++;
      }
    }
    if (tokens.isEmpty()) {
      return List.of("= (no bytes)");
    }
    List<String> lines = new ArrayList<>();
    for (int at = 0; at < tokens.size(); at += BYTES_IN_A_LINE) {
      lines.add(
          "= "
              + tokens.subList(at, Math.min(tokens.size(), at + BYTES_IN_A_LINE)).stream()
                  .collect(Collectors.joining(" ")));
    }
    return lines;
  }

  @Test
  void everyMessageBetweenPeersIsThere() throws IOException {
    Set<String> rpcs = new TreeSet<>();
    for (String file : List.of("destination", "transfer", "contributor", "decision")) {
      Path proto = DIRECTORY.resolve("../../proto/dcm/v1").resolve(file + ".proto");
      Files.readAllLines(proto).stream()
          .filter(line -> line.strip().startsWith("rpc "))
          .flatMap(line -> Arrays.stream(line.split("[()]", -1)))
          .map(part -> part.replace("stream ", "").strip())
          .filter(part -> part.matches("[A-Z][A-Za-z]+(Request|Response)"))
          .forEach(rpcs::add);
    }
    assertThat(rpcs).hasSizeGreaterThan(25);
    assertThat(Files.readAllLines(DIRECTORY.resolve("messages.txt"))).containsAll(rpcs);
  }
}
