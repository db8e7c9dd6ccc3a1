package org.dcmigrate.conformance.play;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.TransferRequest;

/** The last messages of a case, in the order in which they went and came. */
public final class Transcript {
  private static final int LINES = 20;
  private static final int LONGEST = 300;

  private final Deque<String> lines = new ArrayDeque<>();
  private long startNs = System.nanoTime();

  /** Notes a message to the peer. */
  void sent(String method, Object message) {
    add("-> " + method + " " + text(message));
  }

  /** Notes a message from the peer. */
  void received(String method, Object message) {
    add("<- " + method + " " + text(message));
  }

  /** Notes anything else. */
  void note(String method, String what) {
    add("   " + method + " " + what);
  }

  /** Notes the end of a call. */
  void ended(String method, Ending ending) {
    add("<- " + method + " ends with " + ending);
  }

  /** The last messages, the oldest first. */
  public synchronized List<String> lines() {
    return List.copyOf(lines);
  }

  /** Begins anew. */
  public synchronized void clear() {
    lines.clear();
    startNs = System.nanoTime();
  }

  private synchronized void add(String line) {
    if (lines.size() == LINES) {
      lines.removeFirst();
    }
    lines.add("%7.1f ms %s".formatted((System.nanoTime() - startNs) / 1e6, line));
  }

  private static String text(Object message) {
    return switch (message) {
      case TransferRequest transfer when transfer.hasChunk() ->
          shortened(print(withoutPayload(transfer)))
              + ", payload of "
              + transfer.getChunk().getPayload().size()
              + " bytes";
      case SwitchoverRequest switchover when switchover.hasDeviceState() ->
          "device_state of " + switchover.getDeviceState().size() + " bytes";
      case Message any when any.getSerializedSize() > 64 << 10 ->
          any.getDescriptorForType().getName() + " of " + any.getSerializedSize() + " bytes";
      case Message any -> shortened(print(any));
      default -> shortened(message.toString());
    };
  }

  private static TransferRequest withoutPayload(TransferRequest transfer) {
    TransferRequest.Builder copy = transfer.toBuilder();
    copy.getChunkBuilder().setPayload(ByteString.EMPTY);
    return copy.build();
  }

  private static String print(Message message) {
    String text = TextFormat.printer().emittingSingleLine(true).printToString(message).strip();
    return text.isEmpty() ? "{}" : "{ " + text + " }";
  }

  /** A text as it may be shown: no longer than a few lines, and harmless to terminals. */
  static String shortened(String text) {
    String harmless = text.replaceAll("[^\\x20-\\x7e]", "?");
    return harmless.length() <= LONGEST ? harmless : harmless.substring(0, LONGEST) + "...";
  }
}
