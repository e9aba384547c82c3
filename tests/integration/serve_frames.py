# SPDX-License-Identifier: Apache-2.0
"""A network camera for tests, on this machine only: serve_frames.py [--interrupt] HOW FILE COUNT COMMAND...

Runs COMMAND, in whose words URL stands for the address, and ends with its exit code. HOW:
  mjpeg   COUNT times the JPEG in FILE over HTTP (multipart/x-mixed-replace), then the connection is closed
  stall   the same, but then nothing more comes
  clip    FILE itself over HTTP
  silent  whoever connects gets no answer
  rtsp    COUNT times the JPEG over RTSP: RTP (RFC 2435) within the connection
--interrupt: COMMAND gets a SIGINT when everything has been sent that will be.
"""
import os
import signal
import socketserver
import struct
import subprocess
import sys
import threading


def multipart(send, picture, count):
    head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n"
    send(head)
    for _ in range(count):
        send(b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture))
        send(picture + b"\r\n")


def segments(jpeg):
    """(marker, payload) up to the scan, whose data comes with its header's payload."""
    at = 2
    while True:
        marker, length = jpeg[at + 1], struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        if marker == 0xDA:
            return
        yield marker, jpeg[at + 4:at + 2 + length]
        at += 2 + length


def scan_data(jpeg):
    at = 2
    while jpeg[at + 1] != 0xDA:
        at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
    return jpeg[at + 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]:-2]


def rtp_packets(jpeg, sequence, stamp):
    """A baseline JPEG with the usual Huffman tables in packets of RFC 2435, interleaved as RFC 2326, 10.12."""
    tables, kind, width, height = b"", 1, 0, 0
    for marker, payload in segments(jpeg):
        if marker == 0xDB:
            for begin in range(0, len(payload), 65):
                tables += payload[begin + 1:begin + 65]
        if marker == 0xC0:
            height, width = struct.unpack(">HH", payload[1:5])
            kind = {0x21: 0, 0x22: 1}[payload[7]]
    data, offset = scan_data(jpeg), 0
    while offset < len(data):
        part = data[offset:offset + 1200]
        header = struct.pack(">IBBBB", offset, kind, 255, width // 8, height // 8)
        if offset == 0:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        offset += len(part)
        last = 0x80 if offset == len(data) else 0
        packet = struct.pack(">BBHII", 0x80, 26 | last, sequence & 0xFFFF, stamp, 7) + header + part
        yield b"$\0" + struct.pack(">H", len(packet)) + packet
        sequence += 1


class Camera(socketserver.StreamRequestHandler):
    def handle(self):
        server = self.server
        if server.how == "rtsp":
            self.rtsp()
        elif server.how != "silent":
            while self.rfile.readline().strip():
                pass
            if server.how == "clip":
                head = b"HTTP/1.0 200 OK\r\nContent-Type: video/x-msvideo\r\nContent-Length: %d\r\n\r\n"
                self.wfile.write(head % len(server.content) + server.content)
            else:
                multipart(self.wfile.write, server.content, server.count)
        server.all_sent.set()
        if server.how in ("silent", "stall"):
            server.over.wait()

    def rtsp(self):
        while True:
            request = self.rfile.readline().split()
            if not request:
                return
            fields = {}
            while line := self.rfile.readline().strip():
                name, value = line.decode().split(":", 1)
                fields[name.lower()] = value.strip()
            method, more, body = request[0].decode(), "", ""
            if method == "OPTIONS":
                more = "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
            if method == "DESCRIBE":
                body = ("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\n"
                        "c=IN IP4 127.0.0.1\r\na=control:0\r\n")
                more = "Content-Type: application/sdp\r\nContent-Length: %d\r\n" % len(body)
            if method == "SETUP":
                more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
            self.wfile.write(("RTSP/1.0 200 OK\r\nCSeq: %s\r\nSession: 1\r\n%s\r\n%s" %
                              (fields["cseq"], more, body)).encode())
            if method == "PLAY":
                sequence = 0
                for number in range(self.server.count):
                    for packet in rtp_packets(self.server.content, sequence, number * 3600):
                        self.wfile.write(packet)
                        sequence += 1
                return


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass  # who has gone has gone


def main():
    words = sys.argv[1:]
    interrupt = words[0] == "--interrupt"
    how, name, count, *command = words[1:] if interrupt else words
    server = Server(("127.0.0.1", 0), Camera)
    server.how, server.count = how, int(count)
    server.content = b"" if how == "silent" else open(name, "rb").read()
    server.all_sent, server.over = threading.Event(), threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = "%s://127.0.0.1:%d/1" % ("rtsp" if how == "rtsp" else "http", server.server_address[1])
    environment = dict(os.environ, no_proxy="127.0.0.1")
    child = subprocess.Popen([word.replace("URL", address) for word in command], env=environment)
    if interrupt:
        while child.poll() is None and not server.all_sent.wait(0.05):
            pass
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
    code = child.wait()
    server.over.set()
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
