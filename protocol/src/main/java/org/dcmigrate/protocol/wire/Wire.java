package org.dcmigrate.protocol.wire;

import com.google.protobuf.ByteString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.dcmigrate.protocol.Attempt;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Extent;
import org.dcmigrate.protocol.GenerationExtent;
import org.dcmigrate.protocol.Geometry;
import org.dcmigrate.protocol.GuestMetadata;
import org.dcmigrate.protocol.MigrationId;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.RamBlock;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.Text;
import org.dcmigrate.protocol.pages.PageDigest;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.DigestAlgorithm;
import org.dcmigrate.v1.GuestDescription;
import org.dcmigrate.v1.InventoryBatch;
import org.dcmigrate.v1.MetadataRecord;
import org.dcmigrate.v1.PeerRef;

/**
 * Between generated messages and the values of the protocol. What comes in is checked here, once:
 * behind this class a value is in its range.
 */
public final class Wire {
  /** Most extents in one message. */
  public static final int MAX_EXTENTS = 8192;

  /** Most contributors of one attempt. */
  public static final int MAX_CONTRIBUTORS = 64;

  /** Most bytes of preamble. */
  public static final int MAX_PREAMBLE_BYTES = 1 << 20;

  /** Most bytes of device state. */
  public static final int MAX_DEVICE_STATE_BYTES = 32 << 20;

  /** Most bytes of one piece of device state. */
  public static final int MAX_DEVICE_STATE_PIECE_BYTES = 256 << 10;

  private static final int MAX_PROPERTIES = 256;
  private static final int MAX_PROPERTY_KEY = 63;
  private static final int MAX_PROPERTY_VALUE = 4096;
  private static final int MAX_NAME = 63;

  private Wire() {}

  /** An attempt as a message. */
  public static AttemptRef attempt(Attempt attempt) {
    return AttemptRef.newBuilder()
        .setMigrationId(attempt.migration().toString())
        .setEpoch(attempt.epoch())
        .build();
  }

  /**
   * Reads an attempt.
   *
   * @throws DcmException FIELD_INVALID for a malformed id or an epoch outside 1 to 2^63-1
   */
  public static Attempt attempt(AttemptRef ref) throws DcmException {
    if (ref.getEpoch() < 1) {
      throw invalid("epoch must be 1 to 2^63-1, but was " + Long.toUnsignedString(ref.getEpoch()));
    }
    return new Attempt(MigrationId.parse(ref.getMigrationId()), ref.getEpoch());
  }

  /** A peer as a message. */
  public static PeerRef peer(PeerId peer) {
    return PeerRef.newBuilder().setIdentity(peer.uri()).build();
  }

  /** Reads a peer. */
  public static PeerId peer(PeerRef ref) throws DcmException {
    return PeerId.parse(ref.getIdentity());
  }

  /** Peers as messages. */
  public static List<PeerRef> peerRefs(List<PeerId> peers) {
    return peers.stream().map(Wire::peer).toList();
  }

  /** Reads the contributors of an attempt, at most 64. */
  public static List<PeerId> contributors(List<PeerRef> refs) throws DcmException {
    if (refs.size() > MAX_CONTRIBUTORS) {
      throw invalid("there may be at most 64 contributors, but there were " + refs.size());
    }
    List<PeerId> peers = new ArrayList<>();
    for (PeerRef ref : refs) {
      peers.add(peer(ref));
    }
    return peers;
  }

  /**
   * Checks a guest's name: 1 to 63 characters of [a-z0-9-].
   *
   * @throws DcmException FIELD_INVALID
   */
  public static String guestName(String name) throws DcmException {
    if (!name.matches("[a-z0-9-]{1," + MAX_NAME + "}")) {
      throw invalid(
          "a guest's name must be 1 to 63 characters of a-z, 0-9 and -, but was "
              + Text.quote(name));
    }
    return name;
  }

  /** A run of pages as a message. */
  public static org.dcmigrate.v1.Extent extent(Extent extent) {
    return org.dcmigrate.v1.Extent.newBuilder()
        .setBlock(extent.block())
        .setFirstPage(extent.firstPage())
        .setPageCount(extent.pageCount())
        .build();
  }

  /** Reads runs of pages, at most 8192, each inside its block. */
  public static List<Extent> extents(List<org.dcmigrate.v1.Extent> messages, Geometry geometry)
      throws DcmException {
    checkCount(messages.size());
    List<Extent> extents = new ArrayList<>(messages.size());
    for (org.dcmigrate.v1.Extent message : messages) {
      extents.add(extent(message, geometry));
    }
    return extents;
  }

  /** A part of an inventory as a message. */
  public static InventoryBatch inventory(List<GenerationExtent> extents) {
    InventoryBatch.Builder batch = InventoryBatch.newBuilder();
    for (GenerationExtent held : extents) {
      batch.addExtents(
          org.dcmigrate.v1.GenerationExtent.newBuilder()
              .setExtent(extent(held.extent()))
              .setGeneration(held.generation()));
    }
    return batch.build();
  }

  /** Reads a part of an inventory: at most 8192 extents, inside their blocks, generation not 0. */
  public static List<GenerationExtent> inventory(InventoryBatch batch, Geometry geometry)
      throws DcmException {
    checkCount(batch.getExtentsCount());
    List<GenerationExtent> held = new ArrayList<>(batch.getExtentsCount());
    for (org.dcmigrate.v1.GenerationExtent message : batch.getExtentsList()) {
      if (message.getGeneration() == 0) {
        throw new DcmException(
            Reason.GENERATION_INVALID, "an inventory must not name generation 0");
      }
      held.add(
          new GenerationExtent(extent(message.getExtent(), geometry), message.getGeneration()));
    }
    return held;
  }

  /** All metadata of a guest as records, geometry first. */
  public static List<MetadataRecord> metadata(GuestMetadata metadata) {
    org.dcmigrate.v1.Geometry.Builder geometry = org.dcmigrate.v1.Geometry.newBuilder();
    for (RamBlock block : metadata.geometry().blocks()) {
      geometry.addBlocks(
          org.dcmigrate.v1.RamBlock.newBuilder()
              .setName(block.name())
              .setSizeBytes(block.sizeBytes()));
    }
    return List.of(
        MetadataRecord.newBuilder().setGeometry(geometry).build(),
        MetadataRecord.newBuilder()
            .setGuest(
                GuestDescription.newBuilder()
                    .setKind(metadata.kind())
                    .putAllProperties(metadata.properties()))
            .build(),
        MetadataRecord.newBuilder().setPreamble(ByteString.copyFrom(metadata.preamble())).build());
  }

  /**
   * Reads a metadata batch: one geometry first, one guest description, at most one preamble.
   *
   * @throws DcmException FIELD_INVALID, or CHUNK_TOO_LARGE for a preamble over 1 MiB
   */
  public static GuestMetadata metadata(List<MetadataRecord> records) throws DcmException {
    if (records.isEmpty() || !records.getFirst().hasGeometry()) {
      throw invalid("the first metadata record must be the geometry");
    }
    Geometry geometry = geometry(records.getFirst().getGeometry());
    List<GuestDescription> guests = new ArrayList<>();
    List<byte[]> preambles = new ArrayList<>();
    for (MetadataRecord record : records.subList(1, records.size())) {
      switch (record.getKindCase()) {
        case GUEST -> guests.add(record.getGuest());
        case PREAMBLE -> preambles.add(preamble(record.getPreamble()));
        case GEOMETRY -> throw invalid("the metadata must hold one geometry, but held another");
        case KIND_NOT_SET -> throw invalid("a metadata record of an unknown kind came");
      }
    }
    if (guests.size() != 1 || preambles.size() > 1) {
      throw invalid(
          "the metadata must hold one guest description and at most one preamble, but held %d and %d"
              .formatted(guests.size(), preambles.size()));
    }
    return new GuestMetadata(
        kind(guests.getFirst().getKind()),
        geometry,
        new TreeMap<>(properties(guests.getFirst().getPropertiesMap())),
        preambles.isEmpty() ? new byte[0] : preambles.getFirst());
  }

  /** A digest algorithm as a message. */
  public static DigestAlgorithm digest(PageDigest.Algorithm algorithm) {
    return switch (algorithm) {
      case CRC64 -> DigestAlgorithm.DIGEST_ALGORITHM_CRC64;
      case SHA256 -> DigestAlgorithm.DIGEST_ALGORITHM_SHA256;
    };
  }

  /** Reads a digest algorithm. */
  public static PageDigest.Algorithm digest(DigestAlgorithm algorithm) throws DcmException {
    return switch (algorithm) {
      case DIGEST_ALGORITHM_CRC64 -> PageDigest.Algorithm.CRC64;
      case DIGEST_ALGORITHM_SHA256 -> PageDigest.Algorithm.SHA256;
      case DIGEST_ALGORITHM_UNSPECIFIED, UNRECOGNIZED ->
          throw invalid("digest_algorithm must be CRC64 or SHA256, but was " + algorithm);
    };
  }

  private static Geometry geometry(org.dcmigrate.v1.Geometry message) throws DcmException {
    List<RamBlock> blocks = new ArrayList<>();
    for (org.dcmigrate.v1.RamBlock block : message.getBlocksList()) {
      blocks.add(new RamBlock(block.getName(), block.getSizeBytes()));
    }
    return Geometry.checked(blocks);
  }

  private static byte[] preamble(ByteString bytes) throws DcmException {
    if (bytes.size() > MAX_PREAMBLE_BYTES) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE,
          "a preamble may have at most 1 MiB, but has " + bytes.size() + " bytes");
    }
    return bytes.toByteArray();
  }

  private static String kind(String kind) throws DcmException {
    if (kind.isEmpty() || kind.length() > MAX_NAME) {
      throw invalid("a guest's kind must have 1 to 63 characters, but was " + Text.quote(kind));
    }
    return kind;
  }

  private static Map<String, String> properties(Map<String, String> properties)
      throws DcmException {
    if (properties.size() > MAX_PROPERTIES) {
      throw invalid("there may be at most 256 properties, but there were " + properties.size());
    }
    for (Map.Entry<String, String> entry : properties.entrySet()) {
      if (bytes(entry.getKey()) > MAX_PROPERTY_KEY
          || bytes(entry.getValue()) > MAX_PROPERTY_VALUE) {
        throw invalid(
            "property "
                + Text.quote(entry.getKey())
                + " is longer than 63 bytes, or its value than 4096");
      }
    }
    return properties;
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private static Extent extent(org.dcmigrate.v1.Extent message, Geometry geometry)
      throws DcmException {
    Extent extent = new Extent(message.getBlock(), message.getFirstPage(), message.getPageCount());
    geometry.check(extent);
    return extent;
  }

  private static void checkCount(int count) throws DcmException {
    if (count > MAX_EXTENTS) {
      throw new DcmException(
          Reason.CHUNK_TOO_LARGE, "a message may hold at most 8192 extents, but held " + count);
    }
  }

  private static DcmException invalid(String sentence) {
    return new DcmException(Reason.FIELD_INVALID, sentence);
  }
}
