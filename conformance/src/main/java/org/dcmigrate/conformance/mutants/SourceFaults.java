package org.dcmigrate.conformance.mutants;

import com.google.protobuf.Message;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.dcmigrate.conformance.mutants.FaultyPeer.Call;
import org.dcmigrate.conformance.mutants.FaultyPeer.Early;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.v1.DestinationState;
import org.dcmigrate.v1.Extent;
import org.dcmigrate.v1.GenerationExtent;
import org.dcmigrate.v1.GetDestinationStatusResponse;
import org.dcmigrate.v1.GetGuestResponse;
import org.dcmigrate.v1.GetInventoryRequest;
import org.dcmigrate.v1.GetInventoryResponse;
import org.dcmigrate.v1.GetPeerResponse;
import org.dcmigrate.v1.GuestState;
import org.dcmigrate.v1.OpenRequest;
import org.dcmigrate.v1.PageChunk;
import org.dcmigrate.v1.ResendMetadataRequest;
import org.dcmigrate.v1.SwitchoverRequest;
import org.dcmigrate.v1.SwitchoverResponse;
import org.dcmigrate.v1.TransferRequest;
import org.dcmigrate.v1.TransferResponse;

/** What sources do wrong, as it looks from outside. */
final class SourceFaults {
  private SourceFaults() {}

  static StatusRuntimeException refusal(Reason reason) {
    return Errors.toStatus(new DcmException(reason, "by a mutant"));
  }

  /** Turns a refusal into this answer. */
  static Fault instead(String method, Reason refusal, Message answer) {
    return new Fault() {
      @Override
      public Optional<Message> instead(Call call, String reason) {
        return call.method().equals(method) && reason.equals(refusal.name())
            ? Optional.of(answer)
            : Optional.empty();
      }
    };
  }

  /** Answers these requests at once; whether they are passed on as well. */
  static <M extends Message> Fault early(
      Class<M> type, Predicate<M> which, Early answer, boolean passedOn) {
    return new Fault() {
      @Override
      public Optional<Early> early(Call call, Message message) {
        return meant(message) ? Optional.of(answer) : Optional.empty();
      }

      @Override
      public Optional<Message> request(Call call, Message message) {
        return meant(message) && !passedOn ? Optional.empty() : Optional.of(message);
      }

      private boolean meant(Message message) {
        return type.isInstance(message) && which.test(type.cast(message));
      }
    };
  }

  static Early answer(Message answer) {
    return new Early(List.of(answer), Optional.empty());
  }

  static Early refuse(Reason reason) {
    return new Early(List.of(), Optional.of(refusal(reason)));
  }

  /** Regards nobody as a destination once a peer has named this capability. */
  static Fault refusingWhoSays(String capability) {
    return new Fault() {
      private volatile boolean heard;

      @Override
      public Optional<Message> response(Call call, Message message) {
        heard |=
            message instanceof GetPeerResponse greeting
                && greeting.getCapabilitiesList().contains(capability);
        return Optional.of(message);
      }

      @Override
      public Optional<Early> early(Call call, Message message) {
        return heard && message instanceof TransferRequest
            ? Optional.of(refuse(Reason.CAPABILITY_MISSING))
            : Optional.empty();
      }
    };
  }

  /** Acknowledges chunks that the destination has not looked at. */
  static Fault acknowledging() {
    return new Fault() {
      @Override
      public Optional<Early> early(Call call, Message message) {
        return message instanceof TransferRequest transfer && transfer.hasChunk()
            ? Optional.of(
                answer(
                    TransferResponse.newBuilder()
                        .setAcknowledgedChunks(call.requests() - 1L)
                        .build()))
            : Optional.empty();
      }

      @Override
      public Optional<Message> response(Call call, Message message) {
        return message instanceof TransferResponse ? Optional.empty() : Optional.of(message);
      }
    };
  }

  /** Sends a chunk twice in place of that which holds this page of the first block. */
  static Fault leavingOut(long page) {
    return new Fault() {
      private PageChunk before = PageChunk.getDefaultInstance();

      @Override
      public Optional<Message> request(Call call, Message message) {
        if (!(message instanceof TransferRequest transfer) || !transfer.hasChunk()) {
          return Optional.of(message);
        }
        PageChunk chunk = transfer.getChunk();
        boolean meant =
            chunk.getBlock() == 0
                && chunk.getFirstPage() <= page
                && page < chunk.getFirstPage() + chunk.getPageCount();
        if (meant && before.getPageCount() > 0) {
          return Optional.of(transfer.toBuilder().setChunk(before).build());
        }
        before = chunk;
        return Optional.of(message);
      }
    };
  }

  /** Makes the source believe that the destination of a redirect holds all that was ever sent. */
  static Fault believingAllHeld() {
    return new Fault() {
      private final List<GenerationExtent> sent = new ArrayList<>();

      @Override
      public synchronized Optional<Message> request(Call call, Message message) {
        if (message instanceof TransferRequest transfer && transfer.hasChunk()) {
          PageChunk chunk = transfer.getChunk();
          sent.add(
              GenerationExtent.newBuilder()
                  .setExtent(
                      Extent.newBuilder()
                          .setBlock(chunk.getBlock())
                          .setFirstPage(chunk.getFirstPage())
                          .setPageCount(chunk.getPageCount()))
                  .setGeneration(chunk.getGeneration())
                  .build());
        }
        return Optional.of(message);
      }

      @Override
      public synchronized Optional<Message> response(Call call, Message message) {
        return Optional.of(
            message instanceof GetInventoryResponse && epoch(call) > 1 ? inventory(sent) : message);
      }
    };
  }

  private static GetInventoryResponse inventory(List<GenerationExtent> extents) {
    GetInventoryResponse.Builder all = GetInventoryResponse.newBuilder();
    all.getBatchBuilder().addAllExtents(extents);
    return all.build();
  }

  private static long epoch(Call call) {
    return call.first() instanceof GetInventoryRequest asked ? asked.getAttempt().getEpoch() : 0;
  }

  /** Passes over what the destination of a redirect says that it holds. */
  static Fault ignoringInventory() {
    return new Fault() {
      @Override
      public Optional<Message> response(Call call, Message message) {
        return Optional.of(
            message instanceof GetInventoryResponse && epoch(call) > 2
                ? GetInventoryResponse.getDefaultInstance()
                : message);
      }
    };
  }

  /** From a request of this kind on, the guest looks as if it stood still. */
  static Fault stopsGuestAt(Class<? extends Message> request) {
    return new Fault() {
      private volatile boolean stopped;

      @Override
      public Optional<Message> request(Call call, Message message) {
        stopped |= request.isInstance(message);
        return Optional.of(message);
      }

      @Override
      public Optional<Message> response(Call call, Message message) {
        if (stopped && message instanceof GetGuestResponse guest) {
          GetGuestResponse.Builder changed = guest.toBuilder();
          changed.getGuestBuilder().setState(GuestState.GUEST_STATE_PAUSED);
          return Optional.of(changed.build());
        }
        return Optional.of(message);
      }
    };
  }

  /** Sends no page any more once a redirect is asked for. */
  static Fault stoppingAtRedirect() {
    return new Fault() {
      private volatile boolean redirecting;

      @Override
      public Optional<Message> request(Call call, Message message) {
        redirecting |= message instanceof OpenRequest open && open.getAttempt().getEpoch() > 1;
        boolean page = message instanceof TransferRequest transfer && transfer.hasChunk();
        return redirecting && page ? Optional.empty() : Optional.of(message);
      }
    };
  }

  /** Opens and describes each attempt as the first. */
  static Fault sameEpoch() {
    return new Fault() {
      @Override
      public Optional<Message> request(Call call, Message message) {
        if (message instanceof OpenRequest open) {
          OpenRequest.Builder changed = open.toBuilder();
          changed.getAttemptBuilder().setEpoch(1);
          return Optional.of(changed.build());
        }
        if (message instanceof ResendMetadataRequest metadata && metadata.hasHeader()) {
          ResendMetadataRequest.Builder changed = metadata.toBuilder();
          changed.getHeaderBuilder().getAttemptBuilder().setEpoch(1);
          return Optional.of(changed.build());
        }
        return Optional.of(message);
      }
    };
  }

  /** Describes the guest otherwise after a redirect. */
  static Fault otherMetadata() {
    return new Fault() {
      @Override
      public Optional<Message> request(Call call, Message message) {
        boolean later =
            call.first() instanceof ResendMetadataRequest first
                && first.getHeader().getAttempt().getEpoch() > 1;
        if (later
            && message instanceof ResendMetadataRequest metadata
            && metadata.getRecord().hasGuest()) {
          ResendMetadataRequest.Builder changed = metadata.toBuilder();
          changed.getRecordBuilder().getGuestBuilder().putProperties("seed", "2");
          return Optional.of(changed.build());
        }
        return Optional.of(message);
      }
    };
  }

  /** Takes Incomplete for Prepared once it has come so often. */
  static Fault preparedAfter(int times) {
    return new Fault() {
      private int prepares;
      private long digest;

      @Override
      public Optional<Early> early(Call call, Message message) {
        if (!(message instanceof SwitchoverRequest request)) {
          return Optional.empty();
        }
        if (request.hasPrepare()) {
          prepares++;
          digest = request.getPrepare().getMemoryDigest();
        }
        return request.hasPrepareEnd() && prepares > times
            ? Optional.of(
                answer(
                    SwitchoverResponse.newBuilder()
                        .setPrepared(
                            SwitchoverResponse.Prepared.newBuilder().setMemoryDigest(digest))
                        .build()))
            : Optional.empty();
      }

      @Override
      public Optional<Message> request(Call call, Message message) {
        boolean end = message instanceof SwitchoverRequest request && request.hasPrepareEnd();
        return end && prepares > times ? Optional.empty() : Optional.of(message);
      }
    };
  }

  /** Keeps transfers open that it should have ended. */
  static Fault keepingTransfers() {
    return new Fault() {
      @Override
      public boolean hidesBreak(Call call) {
        return call.method().equals("Transfer");
      }
    };
  }

  /** Changes what the operator is told. */
  static <M extends Message> Fault told(Class<M> type, UnaryOperator<M> change) {
    return Faults.response(type, change::apply);
  }

  static GetDestinationStatusResponse receiving() {
    return GetDestinationStatusResponse.newBuilder()
        .setState(DestinationState.DESTINATION_STATE_RECEIVING)
        .build();
  }
}
