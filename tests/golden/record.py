"""record.py KIND OUT STEP... - the other side of a socket demo, which keeps what it hears

KIND is "tcp-server" or "udp-server", which print their port, or "tcp-client:PORT" or
"udp-client:PORT".  The steps are done one after the other:

    say:TEXT    send it
    hear        receive once, and write the bytes to OUT.1, OUT.2, ...
    all         the same with everything until the other side ends
    end         send nothing more
"""
import socket
import sys

PATIENCE = 30


def listening(kind):
    s = socket.socket(type=kind)
    s.settimeout(PATIENCE)
    s.bind(('127.0.0.1', 0))
    print(s.getsockname()[1], flush=True)
    return s


def calling(kind, port):
    s = socket.socket(type=kind)
    s.settimeout(PATIENCE)
    s.connect(('127.0.0.1', port))
    return s


def opened(how):
    if how == 'tcp-server':
        s = listening(socket.SOCK_STREAM)
        s.listen()
        conn = s.accept()[0]
        conn.settimeout(PATIENCE)
        return conn
    if how == 'udp-server':
        s = listening(socket.SOCK_DGRAM)
        s.connect(s.recvfrom(0, socket.MSG_PEEK)[1])
        return s
    kind, port = how.split(':')
    return calling(socket.SOCK_STREAM if kind == 'tcp-client' else socket.SOCK_DGRAM, int(port))


def until_end(s):
    data = b''
    while True:
        piece = s.recv(65536)
        if not piece:
            return data
        data += piece


def main():
    how, out, steps = sys.argv[1], sys.argv[2], sys.argv[3:]
    s = opened(how)
    heard = 0
    for step in steps:
        if step.startswith('say:'):
            s.sendall(step[4:].encode('utf-8'))
        elif step == 'end':
            s.shutdown(socket.SHUT_WR)
        else:
            heard += 1
            data = until_end(s) if step == 'all' else s.recv(65536)
            with open('%s.%d' % (out, heard), 'wb') as f:
                f.write(data)
    s.close()


main()
